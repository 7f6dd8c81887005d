package CPANBridge::Compat::Excel::Book;

# A workbook that the daemon reads; see its module excel.
use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge::Bytes;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Numbers of this process's workbooks; those that are written count from 1.
my $books = 1_000_000_000;

sub new {
    my ($class) = @_;
    return bless { number => ++$books, token => undef, owner => $$ }, $class;
}

sub CLONE_SKIP { return 1 }

sub _call {
    my ( $self, $function, %params ) = @_;
    require CPANBridge::Compat::Link;
    my $result = eval {
        local $SIG{__DIE__};
        my $link = CPANBridge::Compat::Link->get;
        $self->{token} = $link->token if !defined $self->{token};
        die "the connection to the daemon was lost\n" if !$link->is_current( $self->{token} );
        [ $link->call( excel => $function => { workbook => $self->{number}, %params } ) ];
    };
    return $result->[0] if $result;
    my $error = $@;
    my $text = ref $error && $error->can('message') ? $error->message : "$error";
    chomp $text;
    Carp::croak("Spreadsheet::ParseXLSX: CPANBridge: $text");
}

sub load {
    my ( $self, $piece, $last ) = @_;
    my %first = defined $self->{token} ? () : ( new => \1 );
    return $self->_call( load => data => CPANBridge::Bytes->new($piece), last => $last ? \1 : \0, %first );
}

sub rows {
    my ( $self, $sheet ) = @_;
    return $self->_call( rows => sheet => $sheet );
}

sub DESTROY {
    my ($self) = @_;
    return if !defined $self->{token} || $self->{owner} != $$;
    local ( $@, $!, $?, $^E );
    eval {
        local $SIG{__DIE__};
        my $link = CPANBridge::Compat::Link->get;
        $link->release( excel => $self->{number} ) if $link->is_current( $self->{token} );
    };
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Book - has the daemon read a workbook

=head1 DESCRIPTION

Used by our L<Spreadsheet::ParseXLSX>; programs have no need of it.

=head1 METHODS

=head2 new

=head2 load

    my $told = $book->load( $piece, $is_last );

Sends a piece of the file; returns what the workbook says of itself after the last one.

=head2 rows

    my $batch = $book->rows($sheet);

The next rows of a sheet, with C<sheet> in the last batch.

=cut
