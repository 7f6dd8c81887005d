package CPANBridge::LoadTest::Progress;

use strict;
use warnings;

our $VERSION = '0.1.0';

# Characters of a line on a terminal: a longer one would wrap in many, and could not be replaced.
my $WIDTH = 79;

sub new {
    my ( $class, $handle ) = @_;
    return bless { handle => $handle, live => -t $handle ? 1 : 0, shown => 0 }, $class;
}

sub phase {
    my ( $self, $text ) = @_;
    $self->_write( $self->{live} ? "\r" . substr( $text, 0, $WIDTH ) . "\e[K" : "$text\n" );
    $self->{shown} = $self->{live};
    return;
}

sub update {
    my ( $self, $text ) = @_;
    $self->phase($text) if $self->{live};
    return;
}

sub clear {
    my ($self) = @_;
    $self->_write("\r\e[K") if $self->{shown};
    $self->{shown} = 0;
    return;
}

sub _write {
    my ( $self, $text ) = @_;
    my $handle = $self->{handle};
    my $before = select $handle;
    local $| = 1;
    print {$handle} $text;
    select $before;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::LoadTest::Progress - one line that changes while something lasts

=head1 DESCRIPTION

On a terminal. Elsewhere (logs, pipes) each phase has one line, which stays.

=head1 METHODS

=head2 new

    my $progress = CPANBridge::LoadTest::Progress->new( \*STDERR );

=head2 phase

    $progress->phase('1/4 baseline');

Begins with another text.

=head2 update

    $progress->update('1/4 baseline, 10 s');

Puts another text in its place; on a terminal only.

=head2 clear

Takes the line away.

=cut
