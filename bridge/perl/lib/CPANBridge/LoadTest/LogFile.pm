package CPANBridge::LoadTest::LogFile;

use strict;
use warnings;

our $VERSION = '0.1.0';

# The words are those that operators search for.
my %LEVEL = ( 'Resource warning' => 'warning', 'RESOURCE VIOLATION' => 'violation' );

# Bytes read at most: a log that grows by more has nothing to do with this test.
my $MOST = 1 << 22;

sub new {
    my ( $class, $path ) = @_;
    return if !defined $path || $path !~ m{\A/} || !-f $path || !-r _;
    return bless { path => $path, at => -s _ }, $class;
}

sub count {
    my ($self) = @_;
    my $text = '';
    open my $file, '<', $self->{path} or return undef;
    binmode $file;

    # A smaller file is another one: the log was rotated.
    my $from = -s $file >= $self->{at} ? $self->{at} : 0;
    seek $file, $from, 0;
    my $got = read $file, $text, $MOST;
    return undef if !defined $got;
    my %count = ( warning => {}, violation => {} );
    while ( $text =~ /(Resource warning|RESOURCE VIOLATION): \[(.*)\]/g ) {
        my ( $level, $texts ) = ( $LEVEL{$1}, $2 );
        $count{$level}{$1}++ while $texts =~ /'([A-Za-z ]*[a-z]) [0-9]/g;
    }
    return \%count;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::LogFile - what the daemon has written into its log since a moment

=head1 METHODS

=head2 new

    my $log = CPANBridge::LoadTest::LogFile->new($path);

Remembers where the log ends now. Returns nothing where it cannot be read: it may be another user's.

=head2 count

    my $count = $log->count;

Returns how often lines of warnings and violations have come since, by resource: C<< { warning => { 'Request rate' => 2 },
violation => {} } >>; C<undef> where the log cannot be read any more.

=cut
