package CPANBridge::Error;

use strict;
use warnings;

use Carp ();

use overload
  '""'     => sub { $_[0]->as_string },
  'bool'   => sub { 1 },
  fallback => 1;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# Takes an answer that says no, and finds the line of the program that made the call.
sub new {
    my ( $class, $answer, %more ) = @_;
    my $self = bless { %more, answer => $answer }, $class;
    my ( $package, $file, $line );
    my $level = 0;
    do { ( $package, $file, $line ) = caller $level++ } while defined $package && $Carp::Internal{$package};
    @$self{ 'file', 'line' } = ( $file, $line );
    $self->{trace} = Carp::longmess('') if $Carp::Verbose;
    return $self;
}

sub throw { my $class = shift; die $class->new(@_) }

sub type        { return $_[0]{answer}{error_type} }
sub message     { return $_[0]{answer}{error} }
sub exception   { return $_[0]{answer}{exception} }
sub limit       { return $_[0]{answer}{limit} }
sub retry_after { return $_[0]{answer}{retry_after} }
sub executed    { return $_[0]{answer}{executed} }
sub answer      { return $_[0]{answer} }
sub cause       { return $_[0]{cause} }
sub module      { return $_[0]{module} }
sub function    { return $_[0]{function} }
sub file        { return $_[0]{file} }
sub line        { return $_[0]{line} }

sub is {
    my ( $self, @types ) = @_;
    for my $type (@types) {
        return 1 if $self->type eq $type || defined $self->exception && $self->exception eq $type;
    }
    return 0;
}

sub as_string {
    my ($self) = @_;
    my $text = $self->type . ': ' . $self->message;
    return $text . $self->{trace} if defined $self->{trace};
    $text .= sprintf ' at %s line %d.', $self->{file}, $self->{line} if defined $self->{file};
    return "$text\n";
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Error - what CPANBridge's call throws

=head1 SYNOPSIS

    use Scalar::Util 'blessed';

    my $date = eval { $bridge->call( 'datetime', 'date.fromisoformat', $text ) };
    if ( my $error = $@ ) {
        die $error if !blessed $error || !$error->isa('CPANBridge::Error');
        if    ( $error->is('ValueError') ) { warn "'$text' is not a date\n" }
        elsif ( $error->is('Throttled') )  { sleep $error->retry_after }
        else                               { die $error }
    }

=head1 DESCRIPTION

An object says why a call failed. As a string it reads like any message of C<die>, with the file and the line of the
program that made the call:

    FunctionError: datetime.date.fromisoformat raised ValueError: ... at report.pl line 12.

With Carp's verbose mode (C<perl -MCarp=verbose>) it holds the calls that led there.

=head1 METHODS

=head2 type

The kind of failure in one word, see L<CPANBridge/"KINDS OF FAILURE">.

=head2 message

A sentence that says what was wrong and, where possible, what to do.

=head2 is

    $error->is( 'Timeout', 'ClientTimeout' )

Whether C<type> or C<exception> is one of the words.

=head2 exception

The name of the Python exception's class where the function raised one (C<FunctionError>), else C<undef>.

=head2 limit

Which limit the call met (C<concurrent>, C<rate>, C<memory>, C<cpu>) where it was C<Throttled>, else C<undef>.

=head2 retry_after

Seconds after which a call that was refused may be tried again, else C<undef>.

=head2 executed

False and defined where the function certainly did not start, so that the call can be repeated without harm; C<undef>
where that is not known, and where the function itself failed.

=head2 module

The module that was called.

=head2 function

The function that was called.

=head2 file

The program's file that made the call.

=head2 line

The line in that file.

=head2 answer

The whole answer, a hash, as L<CPANBridge/call_python> returns it.

=head2 cause

What a sub of the program died with, where Python had called it: the very value. Else C<undef>.

=head2 as_string

What the object is as a string.

=head2 new

    my $error = CPANBridge::Error->new( $answer, module => $module, function => $function );

Makes an object from an answer; used by L<CPANBridge>.

=head2 throw

Makes one with the same arguments and dies with it.

=cut
